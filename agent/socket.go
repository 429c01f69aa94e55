package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
)

// This file is where the socket of a data directory lies, and who may use it
// (G41).

const (
	socketName  = "socket"
	pointerName = "socket.at" // says where the socket is, when its own path would be too long
	// longestPath is the longest path of a socket in bytes that every system takes.
	longestPath = 100
)

// listenSocket makes the socket of a data directory. Only the process that holds
// the directory's lock may call it: what lies there is of one that is gone. short are
// folders for a socket whose path would be too long; the first that serves is taken.
func listenSocket(dir string, short []string) (net.Listener, error) {
	path, err := socketPlace(dir, short)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is no socket: delete it", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path) // the umask is that of store.Open: 077
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socketListener{Listener: l, dir: dir, path: path}, nil
}

// socketPlace is the path of a new socket. A pointer file of before is followed by
// what it says: both go.
func socketPlace(dir string, short []string) (string, error) {
	pointer := filepath.Join(dir, pointerName)
	if old, err := readPointer(dir); err == nil {
		removePointed(old)
	}
	if err := os.Remove(pointer); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	own := filepath.Join(dir, socketName)
	if len(own) <= longestPath {
		return own, nil
	}
	var errs []error
	for _, folder := range short {
		in, err := os.MkdirTemp(folder, "tocsin-") // of mode 0700
		if err != nil {
			errs = append(errs, err)
			continue
		}
		path := filepath.Join(in, socketName)
		if !filepath.IsAbs(path) || len(path) > longestPath {
			errs = append(errs, fmt.Errorf("%s is no short path either", path), os.Remove(in))
			continue
		}
		f, err := os.OpenFile(pointer, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
		if err == nil {
			_, err = f.WriteString(path + "\n")
			err = errors.Join(err, f.Close())
		}
		return path, err
	}
	return "", errors.Join(append([]error{fmt.Errorf("the path %s is too long for a socket, and no folder with a short one serves", own)}, errs...)...)
}

// removePointed removes a socket outside of the data directory, and its folder. What
// is not as we make it stays.
func removePointed(path string) {
	folder := filepath.Dir(path)
	info, err := os.Lstat(path)
	if !strings.HasPrefix(filepath.Base(folder), "tocsin-") || err == nil && info.Mode().Type() != fs.ModeSocket {
		return
	}
	_ = os.Remove(path)   // it may be gone
	_ = os.Remove(folder) // it is empty, or not ours
}

// readPointer reads the pointer file of a data directory, which must belong to us.
func readPointer(dir string) (path string, err error) {
	name := filepath.Join(dir, pointerName)
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := ours(dir, name, info); err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > 4096 || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not as tocsin makes it: delete it and start the agent again", name)
	}
	text := make([]byte, info.Size())
	if _, err := f.ReadAt(text, 0); err != nil {
		return "", err
	}
	path = string(bytes.TrimSuffix(text, []byte("\n")))
	if !filepath.IsAbs(path) || filepath.Clean(path) != path || len(path) > longestPath || filepath.Base(path) != socketName {
		return "", fmt.Errorf("%s names no socket: delete it and start the agent again", name)
	}
	folder, err := os.Lstat(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	if !folder.IsDir() || folder.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("the folder of %s is not private: delete %s and start the agent again", path, name)
	}
	return path, ours(dir, filepath.Dir(path), folder)
}

// findSocket is the path of the socket of a data directory, which must belong to us.
// Without one the error is fs.ErrNotExist.
func findSocket(dir string) (string, error) {
	path := filepath.Join(dir, socketName)
	if len(path) > longestPath {
		var err error
		if path, err = readPointer(dir); err != nil {
			return "", err
		}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return "", fmt.Errorf("%s is no socket: delete it", path)
	}
	return path, ours(dir, path, info)
}

// ours refuses what belongs to another user.
func ours(dir, name string, info fs.FileInfo) error {
	uid := ownerOf(info)
	if trusted(dir, uid) {
		return nil
	}
	return fmt.Errorf("%s belongs to another user (uid %d)", name, uid)
}

// trusted reports whether an agent of this user may answer us: we ourselves, and for
// root whoever has the data directory.
func trusted(dir string, uid int) bool {
	if uid == os.Geteuid() {
		return true
	}
	info, err := os.Stat(dir)
	return os.Geteuid() == 0 && err == nil && uid == ownerOf(info)
}

// mayAsk reports whether a user may ask an agent of ours: we ourselves, and root.
func mayAsk(uid int) bool { return uid == os.Geteuid() || uid == 0 }

func ownerOf(info fs.FileInfo) int {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid)
	}
	return -1
}

// A socketListener notes of each connection who is at its other end.
type socketListener struct {
	net.Listener
	dir, path string // of the data directory, and of the socket
}

// Accept implements net.Listener.
func (l *socketListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	uid, err := peerOf(c)
	if err != nil {
		uid = -1 // nobody
	}
	return &asker{Conn: c, uid: uid}, nil
}

// Close implements net.Listener. The socket is gone then, and what pointed to it.
func (l *socketListener) Close() error {
	err := l.Listener.Close() // removes the socket
	if filepath.Dir(l.path) != l.dir {
		removePointed(l.path)
		err = errors.Join(err, os.Remove(filepath.Join(l.dir, pointerName)))
	}
	return err
}

// peerOf is the user at the other end of a connection.
func peerOf(c net.Conn) (int, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, fmt.Errorf("%T is no connection of a socket", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid, asked := -1, error(nil)
	if err := raw.Control(func(fd uintptr) { uid, asked = peerUser(int(fd)) }); err != nil {
		return -1, err
	}
	return uid, asked
}

// An asker is one connection of a client.
type asker struct {
	net.Conn
	uid  int
	head []byte      // of the request, until it is whole
	read bool        // it is
	both atomic.Bool // it says its length in two ways
}

// Read looks at the head of the request for two lengths, which net/http resolves by
// itself: a request that two readers read in two ways is none of ours.
func (a *asker) Read(p []byte) (int, error) {
	n, err := a.Conn.Read(p)
	if a.read || n == 0 {
		return n, err
	}
	a.head = append(a.head, p[:n]...)
	end := bytes.Index(a.head, []byte("\r\n\r\n"))
	if end < 0 && len(a.head) < maxHead {
		return n, err
	}
	length, chunked := false, false
	for line := range bytes.Lines(a.head[:max(end, 0)]) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		length = length || bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length"))
		chunked = chunked || bytes.EqualFold(bytes.TrimSpace(name), []byte("Transfer-Encoding"))
	}
	a.both.Store(length && chunked)
	a.head, a.read = nil, true
	return n, err
}

// maxHead bounds the head of a request.
const maxHead = 16 << 10
