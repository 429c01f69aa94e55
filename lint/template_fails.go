// The check that renders what a rule would send.

package lint

import (
	"errors"
	"slices"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/templates"
)

// templateFails renders annotations and templates against a sample row of the
// rule's own columns: what fails here would fail in a real alert.
func templateFails(r *Reporter, rule *alertrules.Rule) {
	alert, problems := rule.Sample(r.Now)
	for _, a := range rule.Annotations {
		if err := problems[a.Name]; err != nil {
			r.warn(rule, "the annotation "+a.Name+" fails with a row of this rule: "+firstProblem(err), "compare its names with the columns of the query", "annotations", a.Name)
		}
	}
	name := rule.Notify.Template
	if name == "" || r.Templates == nil || !r.Templates.Has(name) {
		return
	}
	if _, err := r.Templates.Render(name, sampleData(rule, alert), templates.Options{Zone: rule.Zone, Now: r.Now}); err != nil {
		r.warn(rule, "the template "+name+" fails with a row of this rule: "+firstProblem(err), "compare its names with the columns of the query", "notify", "template")
	}
}

func firstProblem(err error) string {
	var list *diag.List
	if errors.As(err, &list) && len(list.Problems) > 0 {
		return list.Problems[0].Message
	}
	return err.Error()
}

// sampleData is what a template of SLS sees of the sample.
func sampleData(rule *alertrules.Rule, a *alertrules.Alert) templates.Data {
	row := map[string]any{}
	for i, c := range a.Columns {
		row[c.Name] = a.Rows[0].Cells[i]
	}
	rows := []map[string]any{row}
	annotations := map[string]any{}
	for k, v := range a.Annotations {
		annotations[k] = v
	}
	labels := a.Labels
	return templates.Data{"alert": templates.SLS{
		AlertID: rule.ID, AlertName: rule.Name, InstanceID: a.ID, Every: rule.Schedule.Every, At: a.At, Fired: a.Began, Status: "firing",
		Severity: a.Severity.String(), Labels: labels, Annotations: annotations, Condition: rule.Trigger.Text,
		Results:  []templates.Result{{Store: rule.Logstore, Query: rule.Query, From: a.From, To: a.To, Rows: slices.Clone(rows), Count: 1}},
		FireRows: rows, FireCount: 1,
	}.Value()}
}
