package main

import "github.com/spf13/cobra"

func newDemo(e *env, o *options) *cobra.Command    { return &cobra.Command{Use: "demo"} }
func newScan(e *env, o *options) *cobra.Command    { return &cobra.Command{Use: "scan"} }
func newPreview(e *env, o *options) *cobra.Command { return &cobra.Command{Use: "preview"} }
