package notifier

import (
	"testing"

	"tocsin/templates"
)

// Attachments are masked here, templates mask their own data: both hide the same
// names (G07).
func TestSecretNames(t *testing.T) {
	for name, secret := range map[string]bool{
		"password": true, "masterUserPassword": true, "pass_word": true, "passwd": true, "SecretAccessKey": true, "sessionToken": true,
		"Authorization": true, "set-cookie": true, "credentials": true, "privateKey": true, "private_key": true, "private key": true,
		"userName": false, "accessKeyId": false, "keyword": false, "passed": false,
	} {
		if newMask(nil).hides(name) != secret {
			t.Errorf("%s: hidden is %v here", name, !secret)
		}
		row, _ := templates.Data{"row": map[string]any{name: "x"}}.Mask()["row"].(map[string]any)
		if hidden := row[name] != "x"; hidden != secret {
			t.Errorf("%s: hidden is %v in templates", name, hidden)
		}
	}
}
