// Package archive keeps raw objects as they came, before what is in them counts as
// taken in: for sources that forget (Prisma Cloud keeps its audit log for 120
// days), and as evidence.
//
// In goes an object of package ingest; out comes the same object, read from a copy
// on the local disk, when its bytes are in the archive for good. Names in the
// archive are ours: tenant, day, source and hash of the content; nothing that a log
// says is in them (G16), no two contents share one, and nothing is written over.
package archive
