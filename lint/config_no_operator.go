// The check of who is told about the agent itself.

package lint

// noOperator finds a configuration that names nobody for problems of the agent
// itself (DESIGN.md §4.3).
func noOperator(r *Reporter) {
	if r.Configured && len(r.Operator) == 0 {
		r.warnConfig("nobody is told when the agent itself has a problem", "write operator: with a person or group in tocsin.yaml")
	}
}
