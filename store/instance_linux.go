// What the machine offers, and which file systems are none of ours.

package store

import (
	"fmt"
	"os"
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
	var f syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &f); err != nil {
		return 0, 0, fmt.Errorf("free space of %s: %w", s.dir, err)
	}
	return int64(f.Bavail) * f.Frsize, int64(f.Blocks) * f.Frsize, nil
}

// hostMemory is what this process may use in bytes: the memory of the machine
// or the limit of its cgroup, whichever is smaller; 0 when neither is known.
func hostMemory() int64 {
	total := int64(0)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemTotal:" {
				if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					total = kb << 10
				}
			}
		}
	}
	for _, dir := range cgroups() {
		text, err := os.ReadFile(dir + "/memory.max")
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	return total
}

// cgroups are the directories of this process's cgroup (version 2) and of its
// parents, innermost first.
func cgroups() []string {
	const root = "/sys/fs/cgroup"
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		dirs := []string{root}
		for i, c := range path {
			if c == '/' && i > 0 {
				dirs = append(dirs, root+path[:i])
			}
		}
		return append(dirs, root+strings.TrimSuffix(path, "/"))
	}
	return []string{root}
}
