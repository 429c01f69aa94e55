// Package sqs is the source that is a queue of Amazon SQS, in one of two uses: its
// messages name objects in buckets (S3 notifications, straight, through SNS or
// through EventBridge, and CloudTrail's own), or they are the records.
//
// A message is deleted only when what it brought is stored, or set aside for good;
// until then its visibility is extended. Whoever may send to a queue must not
// choose what is read with our rights: only objects in the configured places are.
package sqs
