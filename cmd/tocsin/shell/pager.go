// Pages: what is longer than the screen goes to the pager of the user, or stops
// at each page.

package shell

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// page shows text that may be longer than a screen of h lines.
func (s *session) page(ctx context.Context, text []byte, h int) error {
	if h <= 0 || bytes.Count(text, []byte("\n")) < h-1 {
		_, err := s.Out.Write(text)
		return err
	}
	if len(s.Pager) == 0 {
		return s.stops(text, h)
	}
	cmd := exec.Command(s.Pager[0], s.Pager[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), s.Out, s.Err
	_, done := s.Interruptible(ctx) // Ctrl-C belongs to the pager while it runs
	defer done()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 126 {
		return nil // it showed the rows; how it ended is its own affair
	}
	if err != nil {
		fmt.Fprintf(s.Err, "tocsin: the pager cannot be used: %s (PAGER names another, .pager off does without)\n", visible(err.Error()))
		return s.stops(text, h)
	}
	return nil
}

// stops writes text and waits at the end of each screen, of which a line is shown
// at least.
func (s *session) stops(text []byte, h int) error {
	h = max(h, 3)
	keys := bufio.NewReader(s.In)
	lines := bytes.SplitAfter(text, []byte("\n"))
	for len(lines) > h-1 {
		for _, l := range lines[:h-2] {
			if _, err := s.Out.Write(l); err != nil {
				return err
			}
		}
		lines = lines[h-2:]
		fmt.Fprintf(s.Err, "%s ", s.dim(fmt.Sprintf("%d more lines: Enter goes on, q ends", len(lines))))
		answer, err := keys.ReadString('\n')
		if errors.Is(err, io.EOF) {
			answer, err = "q", nil
		}
		if err != nil || strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "q") {
			return err
		}
	}
	_, err := s.Out.Write(bytes.Join(lines, nil))
	return err
}
