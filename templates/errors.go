// Errors of several files, as one.

package templates

import "errors"

// joinErrors joins errors; one alone stays as it is.
func joinErrors(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
