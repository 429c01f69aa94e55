//go:build !linux

// What the machine offers: unknown on systems other than Linux.
package store

// networkFS names the network file system that dir lies on, or returns "".
func networkFS(string) string { return "" }

// Room says how much of the disk of the data directory is free, in bytes; 0 of 0
// when it is not known.
func (s *Store) Room() (free, total int64, err error) { return diskRoom(s.dir) }

func diskRoom(string) (free, total int64, err error) { return 0, 0, nil }

// HostMemory is what this process may use in bytes; 0 when it is not known.
func HostMemory() int64 { return 0 }
