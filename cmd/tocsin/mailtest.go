package main

import (
	"github.com/spf13/cobra"

	"tocsin/notifier"
	"tocsin/notifier/email"
)

func newMailTest(e *env, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "mail-test ADDRESS",
		Short: "Send one test mail, and explain each step of the dialogue in words.",
		Long: `Mail-test sends one test mail to the address through the server of tocsin.yaml,
and explains each step: name, connection, TLS, AUTH, what the server said, what
it means, and what to do. It needs no data directory.

Exit status: 1 if the mail was not accepted.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readConfig(o.config)
			if err != nil {
				return err
			}
			if err := notifier.CheckAddress(args[0], c.mail.Allow); err != nil {
				return usage("%w", err)
			}
			if c.mail.Server == "" {
				return usage("no mail server is configured: mails go to the maildir in the data directory; name one in tocsin.yaml, such as mail: {server: \"smtp://smtp.example.com:587\", from: tocsin@example.com}")
			}
			if err := email.Explain(cmd.Context(), c.mail, args[0], e.stdout); err != nil {
				return &statusError{code: exitFound, err: err}
			}
			return nil
		},
	}
}
