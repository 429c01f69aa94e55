// Package diag says what is wrong in a user's text, and where.
//
// A package that reads text which people write (a query, a rule file, a
// template) collects Problems into a List; the List is the error it returns,
// and Print shows it with the line, a caret and a hint. The package also owns
// the cleaning of text that is not ours (Clean and its siblings), because every
// message that is shown may quote such text.
//
// It is a leaf: it imports nothing of this module.
package diag
