package alertrules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// hashOf covers what an evaluation depends on (Rule.Hash).
func hashOf(r *Rule) string {
	type branch struct {
		When string
		Is   Severity
	}
	branches := make([]branch, len(r.Branches))
	for i, b := range r.Branches {
		branches[i].Is = b.Is
		if b.When != nil {
			branches[i].When = b.When.Text
		}
	}
	parts := []any{r.Logstore, r.Query, r.Window, r.Delay, r.Trigger.Text, r.After, r.KeepFiringFor, r.AlertPer, r.Mode, branches, r.exceptionTexts(), r.Zone.String()}
	if r.NoData != nil { // rules without it keep the hash that they had before there was any
		parts = append(parts, *r.NoData)
	}
	return shortHash(parts)
}

// restOf is hashOf without the exceptions.
func restOf(r *Rule) string {
	rest := *r
	rest.Exceptions = nil
	return hashOf(&rest)
}

// exceptionTexts are the exceptions, as far as an evaluation depends on them.
func (r *Rule) exceptionTexts() any {
	type exception struct{ Match, Until string }
	exceptions := make([]exception, len(r.Exceptions))
	for i, e := range r.Exceptions {
		exceptions[i] = exception{e.Match, e.Until.String()}
	}
	return exceptions
}

// shortHash tells values apart.
func shortHash(parts []any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		text = fmt.Appendf(nil, "%v", parts) // none of the values can fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
