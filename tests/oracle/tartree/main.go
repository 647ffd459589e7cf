// SPDX-License-Identifier: Apache-2.0
// Prints the digest of a tree's tar as cnb.md §6.2 wants it, written by Go's archive/tar. Arguments as tests/oracle/tartree.c.
package main

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func add(w *tar.Writer, path, name string, uid, gid int) {
	info, err := os.Lstat(path)
	check(err)
	if info.Mode()&fs.ModeSocket != 0 {
		return
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err = os.Readlink(path)
		check(err)
	}
	h, err := tar.FileInfoHeader(info, target)
	check(err)
	h.Name, h.Uname, h.Gname = name, "", ""
	h.ModTime = time.Date(1980, 1, 1, 0, 0, 1, 0, time.UTC)
	if uid >= 0 {
		h.Uid, h.Gid = uid, gid
	}
	check(w.WriteHeader(h))
	if info.Mode().IsRegular() {
		f, err := os.Open(path)
		check(err)
		_, err = io.Copy(w, f)
		check(err)
		check(f.Close())
	}
}

func main() {
	dir, prefix, order := os.Args[1], os.Args[2], os.Args[3]
	uid, err := strconv.Atoi(os.Args[4])
	check(err)
	gid, err := strconv.Atoi(os.Args[5])
	check(err)
	var paths []string
	check(filepath.Walk(dir, func(path string, _ fs.FileInfo, err error) error {
		paths = append(paths, path)
		return err
	}))
	if order == "full-path" {
		sort.Strings(paths)
	}
	sum := sha256.New()
	out := io.Writer(sum)
	if len(os.Args) > 6 {
		f, err := os.Create(os.Args[6])
		check(err)
		out = io.MultiWriter(sum, f)
	}
	w := tar.NewWriter(out)
	for _, path := range paths {
		add(w, path, prefix+path[len(dir):], uid, gid)
	}
	check(w.Close())
	fmt.Printf("sha256:%x\n", sum.Sum(nil))
}
