// SPDX-License-Identifier: Apache-2.0

// One static program is bin/detect, bin/build, the app's process "verify" and an exec.d program: its name says which.
// It writes down the checksums of an app's files, and compares them when the app starts.
package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	roles := map[string]func() error{"detect": detect, "build": build, "verify": verify, "count": count}
	role := roles[filepath.Base(os.Args[0])]
	if role == nil {
		fmt.Fprintln(os.Stderr, "sums: called", os.Args[0])
		os.Exit(2)
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, "sums:", err)
		os.Exit(1)
	}
}

func detect() error {
	if _, err := os.Stat("sums.want"); err != nil {
		os.Exit(100)
	}
	if os.Getenv("CNB_TARGET_OS") != "linux" || os.Getenv("CNB_TARGET_ARCH") == "" {
		return fmt.Errorf("target is %q/%q", os.Getenv("CNB_TARGET_OS"), os.Getenv("CNB_TARGET_ARCH"))
	}
	if v, set := os.LookupEnv("BP_LEAVE_OUT"); set {
		return fmt.Errorf("clear-env, but BP_LEAVE_OUT is %q", v)
	}
	const plan = `provides = [{name = "sums"}]
requires = [{name = "sums"}, {name = "signer", metadata = {key = "none"}}]
[[or]]
provides = [{name = "sums"}, {name = "signature"}]
requires = [{name = "sums", metadata = {kind = "sha256", depth = 9}}, {name = "signature"}]
`
	return os.WriteFile(os.Getenv("CNB_BUILD_PLAN_PATH"), []byte(plan), 0o644)
}

// sums is a line for each file beneath the directory, in byte order of the names.
func sums(dir string, leaveOut string) ([]string, error) {
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == leaveOut {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		lines = append(lines, fmt.Sprintf("%x  %s", sha256.Sum256(data), name))
		return err
	})
	sort.Slice(lines, func(i, j int) bool { return lines[i][64:] < lines[j][64:] })
	return lines, err
}

func build() error {
	layers, platform := os.Getenv("CNB_LAYERS_DIR"), os.Getenv("CNB_PLATFORM_DIR")
	plan, err := os.ReadFile(os.Getenv("CNB_BP_PLAN_PATH"))
	if err != nil {
		return err
	}
	fmt.Println("sums: entries", strings.Count(string(plan), "[[entries]]")+strings.Count(string(plan), "{name"))
	leaveOut, err := os.ReadFile(filepath.Join(platform, "env", "BP_LEAVE_OUT"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if _, set := os.LookupEnv("BP_LEAVE_OUT"); set {
		return fmt.Errorf("clear-env, but BP_LEAVE_OUT is set")
	}
	lines, err := sums(".", string(leaveOut))
	if err != nil {
		return err
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		return err
	}
	layer := filepath.Join(layers, "sums")
	files := map[string]string{
		"sums/sums.txt":                      strings.Join(lines, "\n") + "\n",
		"sums/bin/verify":                    string(self),
		"sums/exec.d/verify/count":           string(self),
		"sums/env.launch/SUMS":               filepath.Join(layer, "sums.txt"),
		"sums/env.launch/LEAVE_OUT.override": string(leaveOut),
		"sums.toml":                          "[types]\nlaunch = true\nbuild = false\n[metadata]\nfiles = " + fmt.Sprint(len(lines)) + "\n",
		"build.toml":                         "unmet = [{name = \"signature\"}]\n",
		"launch.toml":                        launch,
	}
	for name, text := range files {
		path := filepath.Join(layers, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return err
		}
	}
	fmt.Println("sums: wrote", len(lines))
	return nil
}

const launch = `
labels = [{key = "sums.kind", value = "sha256"}]
[[processes]]
type = "verify"
command = ["verify", "--of"]
args = ["/workspace"]
default = true
[[processes]]
type = "quiet"
command = ["verify"]
args = ["--quiet", "/workspace"]
`

// verify [--of|--quiet] DIR
func verify() error {
	want, err := os.ReadFile(os.Getenv("SUMS"))
	if err != nil {
		return err
	}
	got, err := sums(os.Args[len(os.Args)-1], os.Getenv("LEAVE_OUT"))
	if err != nil {
		return err
	}
	if strings.Join(got, "\n")+"\n" != string(want) {
		return fmt.Errorf("%s: files differ", os.Args[len(os.Args)-1])
	}
	if os.Args[1] != "--quiet" {
		fmt.Printf("verified %d files, %s said before, in %s\n", len(got), os.Getenv("SUMS_COUNT"), os.Args[len(os.Args)-1])
	}
	return nil
}

// count tells the launcher, through descriptor 3, a variable.
func count() error {
	text, err := os.ReadFile(os.Getenv("SUMS"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.NewFile(3, "launcher"), "SUMS_COUNT = \"%d\"\n", strings.Count(string(text), "\n"))
	return err
}
