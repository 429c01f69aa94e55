//go:build linux && amd64

package main

// This file ends a process before one of the system calls by which it changes files or
// talks to a server, so that the places between two of them are found however short
// they are. A seccomp filter makes the kernel ask the parent about each call; the
// parent lets it go on, or kills. A kernel ends a large write between two pages when a
// kill comes: that is done as well.

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// asStopped names the environment variable that has a life ask before each call; its
// value is the file descriptor on which it hands over where it is asked.
const asStopped = "TOCSIN_TEST_STOPPED"

// stoppable are the system calls.
var stoppable = []uint32{
	unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITE64, unix.SYS_PWRITEV, unix.SYS_FSYNC, unix.SYS_FDATASYNC,
	unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE, unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2,
	unix.SYS_UNLINK, unix.SYS_UNLINKAT, unix.SYS_MKDIR, unix.SYS_MKDIRAT,
}

// allowStops has the kernel ask for the calls of this process, and hands over where to
// a parent that wants it. The process has to have one thread that does anything.
func allowStops() error {
	if os.Getenv(asStopped) == "" {
		return nil
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the number of the call
	for i, call := range stoppable {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(stoppable) - i), K: call})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	flags := unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	listener, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags), uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("set the filter: %w", errno)
	}
	const hand = 3 // the first of exec.Cmd.ExtraFiles
	err := unix.Sendmsg(hand, []byte{0}, unix.UnixRights(int(listener)), nil, 0)
	return errors.Join(err, unix.Close(int(listener)), unix.Close(hand))
}

// notification and stopAnswer are those of seccomp_unotify(2).
type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	call  struct {
		nr   int32
		arch uint32
		ip   uint64
		args [6]uint64
	}
}

type stopAnswer struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// startStopped starts cmd, which is killed before the n-th call; a write of
// it is done in part, where its parts can be told apart.
func startStopped(cmd *exec.Cmd, n int, random *rand.Rand) (*stopper, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "hand")
	defer theirs.Close()
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = append(cmd.Env, asStopped+"=1")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := theirs.Close(); err != nil {
		return nil, err
	}
	oob := make([]byte, unix.CmsgSpace(4))
	_, length, _, _, err := unix.Recvmsg(pair[0], make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil || length == 0 {
		return nil, fmt.Errorf("the process handed nothing over: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:length])
	if err != nil {
		return nil, err
	}
	rights, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	s := &stopper{listener: rights[0], process: cmd.Process, n: n, random: random, ended: make(chan struct{})}
	go s.run()
	return s, nil
}

// A stopper answers the kernel.
type stopper struct {
	listener int
	process  *os.Process
	n        int
	random   *rand.Rand
	ended    chan struct{}

	killed, torn int // 1 when it was killed before a call, and in the middle of one
}

// wait waits until the process has ended.
func (s *stopper) wait() (killed, torn int) {
	<-s.ended
	return s.killed, s.torn
}

// run answers until the process has ended.
func (s *stopper) run() {
	defer close(s.ended)
	defer unix.Close(s.listener)
	calls := 0
	for {
		poll := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			if poll[0].Revents&unix.POLLHUP != 0 { // nobody has the filter any more
				return
			}
			continue
		}
		var asked notification
		if s.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked)) != 0 { // the caller is gone
			continue
		}
		if calls++; calls == s.n {
			s.killed, s.torn = 1, s.tear(asked)
			_ = s.process.Kill() // its end is waited for
			continue
		}
		goOn := stopAnswer{id: asked.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		s.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&goOn)) // of one that is gone nothing is needed
	}
}

func (s *stopper) ioctl(request uint, argument unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.listener), uintptr(request), uintptr(argument))
	return errno
}

const pageSize = 4096

// tear does the first pages of a write to a file, as a kernel does to which a kill
// comes meanwhile.
func (s *stopper) tear(asked notification) int {
	at, write := int64(-1), asked.call.nr == unix.SYS_WRITE
	if asked.call.nr == unix.SYS_PWRITE64 {
		at = int64(asked.call.args[3])
	} else if !write {
		return 0
	}
	length := int(asked.call.args[2])
	if length <= pageSize {
		return 0
	}
	pid, err := unix.PidfdOpen(s.process.Pid, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(pid)
	file, err := unix.PidfdGetfd(pid, int(asked.call.args[0]), 0)
	if err != nil {
		return 0
	}
	defer unix.Close(file)
	var info unix.Stat_t
	if unix.Fstat(file, &info) != nil || info.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0
	}
	// The engine writes blocks in place, and opens no file with one that is torn
	// (docs/pitfalls-tests.md): these are written whole, or not at all.
	if name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", s.process.Pid, asked.call.args[0])); err != nil || strings.HasSuffix(name, ".duckdb") {
		return 0
	}
	if write {
		if at, err = unix.Seek(file, 0, 1); err != nil {
			return 0
		}
	}
	part := (1+s.random.IntN(length/pageSize))*pageSize - int(at%pageSize)
	if part <= 0 || part >= length {
		return 0
	}
	bytes := make([]byte, part)
	local := []unix.Iovec{{Base: &bytes[0], Len: uint64(part)}}
	remote := []unix.RemoteIovec{{Base: uintptr(asked.call.args[1]), Len: part}}
	if n, err := unix.ProcessVMReadv(s.process.Pid, local, remote, 0); err != nil || n != part {
		return 0
	}
	if _, err := unix.Pwrite(file, bytes, at); err != nil {
		return 0
	}
	return 1
}
