package awstest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Finding is one of Security Hub: its update, and all of it.
type Finding struct {
	Updated time.Time
	JSON    string
}

type hubRequest struct {
	Filters struct {
		UpdatedAt []struct{ Start, End time.Time }
	}
	SortCriteria []struct{ Field, SortOrder string }
	MaxResults   int
	NextToken    string
}

// findings answers GetFindings: one filter of UpdatedAt, sorted by it or not at
// all. Any other filter is an error, so that no test believes in it.
func (s *Server) findings(w http.ResponseWriter, body []byte) {
	w, done := s.call(w, "GetFindings", "")
	if done {
		return
	}
	var in hubRequest
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil || len(in.Filters.UpdatedAt) != 1 || in.MaxResults < 1 || in.MaxResults > 100 {
		fail(w, http.StatusBadRequest, "InvalidInputException", "this fake knows one filter, UpdatedAt, and pages of up to 100")
		return
	}
	s.Mu.Lock()
	var match []Finding
	for _, f := range s.Hub {
		if u := in.Filters.UpdatedAt[0]; !f.Updated.Before(u.Start) && !f.Updated.After(u.End) {
			match = append(match, f)
		}
	}
	s.Mu.Unlock()
	if len(in.SortCriteria) == 1 && in.SortCriteria[0].Field == "UpdatedAt" {
		slices.SortStableFunc(match, func(a, b Finding) int { return a.Updated.Compare(b.Updated) })
	}
	from, err := strconv.Atoi("0" + in.NextToken)
	if err != nil || from > len(match) {
		fail(w, http.StatusBadRequest, "InvalidInputException", "no such token")
		return
	}
	to := min(from+in.MaxResults, len(match))
	out := map[string]any{"Findings": []json.RawMessage{}}
	list := []json.RawMessage{}
	for _, f := range match[from:to] {
		list = append(list, json.RawMessage(f.JSON))
	}
	out["Findings"] = list
	if to < len(match) {
		out["NextToken"] = strconv.Itoa(to)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // findings are answered as they were put here
	if err := enc.Encode(out); err != nil {
		fail(w, http.StatusInternalServerError, "InternalException", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b.Bytes()) //nolint:errcheck // its caller may be gone
}
