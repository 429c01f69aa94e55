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
	type exception struct{ Match, Until string }
	exceptions := make([]exception, len(r.Exceptions))
	for i, e := range r.Exceptions {
		exceptions[i] = exception{e.Match, e.Until.String()}
	}
	text, err := json.Marshal([]any{r.Logstore, r.Query, r.Window, r.Delay, r.Trigger.Text, r.After, r.KeepFiringFor, r.AlertPer, r.Mode, branches, exceptions, r.Zone.String()})
	if err != nil {
		text = fmt.Appendf(nil, "%v", r) // none of the values above can fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
