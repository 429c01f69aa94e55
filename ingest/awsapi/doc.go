// Package awsapi is what the sources on AWS share: as whom and where they call
// it (Access), what its errors mean for an object that was to be read (Error),
// and the permissions that the program uses (Action). It knows no source.
package awsapi
