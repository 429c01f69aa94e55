// Package ingest turns bytes into records: it knows formats, and no database.
//
// An Object (a file, an S3 object, a message) is opened, unpacked and recognised by
// its content; a Decoder of its format then cuts one record after the other
// into a Record, which the store copies into its data chunks. Which columns a
// logstore has, how users address them, and how each is matched is declared
// here as data (Logstore).
//
// What a decoder cannot read is a *Broken record, to be kept aside with its
// position and reason; it costs only itself.
//
// A new format is one file with a function that says why a record is not of the
// format (Format.match) and one that reads a record; a line in formats; its
// top-level names in the logstore; and a case in decodertest, which holds it to
// the contract. A source that is no file is a package below this one that makes
// Objects and hands them out (Source).
package ingest
