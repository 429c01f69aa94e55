package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tocsin/templates"
)

//go:embed init/tocsin.yaml init/first.yaml
var initFiles embed.FS

func newInit(e *env, _ *options) *cobra.Command {
	var withTemplates bool
	cmd := &cobra.Command{
		Use:   "init [DIRECTORY]",
		Short: "Write a commented tocsin.yaml and a first rule.",
		Long: `Init writes tocsin.yaml and rules/first.yaml into the directory (default: here),
with --templates also the built-in mail templates, to be changed. A file that
exists is left alone.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return runInit(e, dir, withTemplates)
		},
	}
	cmd.Flags().BoolVar(&withTemplates, "templates", false, "write the built-in templates too")
	return cmd
}

func runInit(e *env, dir string, withTemplates bool) error {
	files := map[string]string{"tocsin.yaml": "init/tocsin.yaml", "rules/first.yaml": "init/first.yaml"}
	for _, name := range names(files) {
		src, err := initFiles.ReadFile(files[name])
		if err != nil {
			return err
		}
		if err := writeNew(e, filepath.Join(dir, name), src); err != nil {
			return err
		}
	}
	if withTemplates {
		if err := writeTree(e, templates.Builtin(), filepath.Join(dir, "templates")); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.stderr, "next: put your address into %s, then tocsin check, tocsin load PATH, tocsin preview trail-stopped, tocsin run\n",
		filepath.Join(dir, "tocsin.yaml"))
	return nil
}

// writeTree writes the files of a file system below a directory.
func writeTree(e *env, files fs.FS, dir string) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return writeNew(e, filepath.Join(dir, filepath.FromSlash(name)), src)
	})
}

// writeNew writes a file that does not exist and says so; one that exists is
// left as it is.
func writeNew(e *env, path string, src []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("create the folder of %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		fmt.Fprintf(e.stderr, "exists:  %s\n", path)
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(src)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a file would be left alone the next time
	}
	fmt.Fprintf(e.stderr, "written: %s\n", path)
	return nil
}
