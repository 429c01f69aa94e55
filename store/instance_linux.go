// What the machine offers, and which file systems are none of ours.

package store

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// networkFS names the network file system that dir lies on, or returns "".
// Locks and write order cannot be relied upon there (DESIGN: refused).
func networkFS(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return ""
	}
	switch uint32(s.Type) { // numbers of statfs(2)
	case 0x6969:
		return "NFS"
	case 0x517b, 0xff534d42, 0xfe534d42:
		return "SMB"
	case 0x01021997:
		return "9P"
	case 0x5346414f, 0x6b414653:
		return "AFS"
	case 0x00c36400:
		return "Ceph"
	case 0x0bd00bd0:
		return "Lustre"
	}
	return ""
}

// Room says how much of the disk of the data directory is free for this process,
// in bytes.
func (s *Store) Room() (free, total int64, err error) {
	return diskRoom(s.dir)
}

func diskRoom(dir string) (free, total int64, err error) {
	var f syscall.Statfs_t
	if err := syscall.Statfs(dir, &f); err != nil {
		return 0, 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(f.Bavail) * f.Frsize, int64(f.Blocks) * f.Frsize, nil
}

// HostMemory is what this process may use in bytes: the memory of the machine
// or the limit of its cgroup, whichever is smaller; 0 when neither is known.
func HostMemory() int64 { return memoryOf(os.DirFS("/")) }

func memoryOf(root fs.FS) int64 {
	total := int64(0)
	if text, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemTotal:" {
				if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					total = kb << 10
				}
			}
		}
	}
	for _, name := range memoryLimits(root) {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is none
		if err == nil && n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	return total
}

// memoryLimits are the files with the limits of this process's cgroup and of its
// parents, of both versions. A container sees its own at the root.
func memoryLimits(root fs.FS) []string {
	const groups = "sys/fs/cgroup"
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var files []string
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		dir, name := groups, "memory.max"
		switch {
		case slices.Contains(strings.Split(f[1], ","), "memory"):
			dir, name = groups+"/memory", "memory.limit_in_bytes"
		case f[1] != "":
			continue
		}
		for at := f[2]; ; at = path.Dir(at) {
			files = append(files, path.Join(dir, at, name))
			if at == "/" || at == "." {
				break
			}
		}
	}
	return files
}
