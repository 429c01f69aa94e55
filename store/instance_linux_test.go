package store

import (
	"testing"
	"testing/fstest"
)

// TestMemoryOf: the smallest limit counts, of the machine, of the group, or of one
// around it, in both versions of cgroups.
func TestMemoryOf(t *testing.T) {
	const gb = 1 << 30
	meminfo := "MemFree: 1 kB\nMemTotal:       8388608 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nothing":            {map[string]string{}, 0},
		"the machine":        {map[string]string{"proc/meminfo": meminfo}, 8 * gb},
		"no limit":           {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, 8 * gb},
		"the group":          {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1073741824\n"}, gb},
		"one around it":      {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/b/memory.max": "2147483648\n"}, gb},
		"in a container":     {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"}, gb},
		"version 1":          {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1073741824\n"}, gb},
		"version 1, none":    {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 8 * gb},
		"more than there is": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "99999999999999\n"}, 8 * gb},
	} {
		root := fstest.MapFS{}
		for file, text := range c.files {
			root[file] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := memoryOf(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	for host, want := range map[int64]int64{0: 512 << 20, gb / 2: 128 << 20, 2 * gb: 256 << 20, 64 * gb: 512 << 20} {
		if got := stateMemory(host); got != want {
			t.Errorf("state gets %d of %d, want %d", got, host, want)
		}
	}
}
