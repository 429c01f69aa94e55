// Completion: what may stand at the cursor of a text that may be half-typed.

package query

import (
	"context"

	"tocsin/diag"
)

// A Seen knows what the stored records hold, for completion. Its answers are
// offers, not promises: they may be taken from a sample.
type Seen interface {
	// Paths returns the paths that records of the logstore have, those below
	// open objects too, as users write them.
	Paths(ctx context.Context, logstore string) ([]SeenPath, error)
	// Values returns values of a field that begin with prefix, compared without
	// case, the most frequent first, at most 50. The field is as users write it.
	Values(ctx context.Context, logstore, field, prefix string) ([]SeenValue, error)
}

// A SeenPath is a path that occurs in Records of Of records that were looked at.
type SeenPath struct {
	Path    string // as users write it: requestParameters.bucketName
	Type    string // "text", "integer", … or "text or object"
	Records int64
	Of      int64
}

// A SeenValue is a value that Count records hold.
type SeenValue struct {
	Value string
	Count int64
}

// A CandidateKind says what a candidate is, for its colour and its group.
type CandidateKind int

// The kinds.
const (
	KeywordCandidate CandidateKind = iota
	OperatorCandidate
	LogstoreCandidate
	FieldCandidate
	ColumnCandidate // of the stage before
	AliasCandidate  // of this SELECT
	ValueCandidate
	FunctionCandidate
	ListCandidate
	TypeCandidate
	candidateKinds
)

// String returns the kind as a heading: "fields", "values" …
func (k CandidateKind) String() string {
	names := [candidateKinds]string{"keywords", "operators", "logstores", "fields", "columns", "aliases", "values", "functions", "lists", "types"}
	if k < 0 || k >= candidateKinds {
		return "other"
	}
	return names[k]
}

// A Candidate is one text that may stand in the place of Completion.Span.
type Candidate struct {
	Text   string // what is inserted
	Kind   CandidateKind
	Detail string // type and frequency of a field, signature of a function, count of a value; may be empty
	Doc    string // one line; may be empty
}

// A Completion is what Complete found.
type Completion struct {
	Span       diag.Span // what is replaced: the word that the cursor stands in
	Candidates []Candidate
}

// Surroundings are what a text is completed in.
type Surroundings struct {
	Schema  Schema
	Options Options
	Seen    Seen // may be nil
}

// Complete returns what may stand at the cursor, a byte of src. It never fails:
// where nothing fits, or Seen gives an error, there are fewer candidates.
func Complete(_ context.Context, _ string, cursor int, _ Surroundings) Completion {
	return Completion{Span: diag.Span{Start: cursor, End: cursor}}
}
