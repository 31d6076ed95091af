package httpd

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	handshake  = 100 * time.Millisecond // of balancers near by: who had asked before has a connection then
	acceptMost = 2 * time.Second
)

// onlyConnected lets a listener's packets pass but those that ask for a connection: SYN without ACK in the flags, which are
// byte 13 of TCP's header.
var onlyConnected = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jt: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
}

// TurnAway has the kernel overlook whoever asks to connect from now on, and returns when all who had asked before have been
// accepted. Without it the end of a listener resets connections that are made but not yet accepted, with the forms that
// were sent into them: a balancer answers those with 502, as it cannot know what became of them. Who is overlooked asks again
// after a second, is refused by then, and is sent to another replica.
func TurnAway(l net.Listener) error {
	conn, ok := l.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a listener of type %T has no socket", l)
	}
	socket, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(onlyConnected)), Filter: &onlyConnected[0]}
	var failed error
	err = socket.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &filter)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("overlook who asks to connect: %w", err)
	}
	time.Sleep(handshake)
	for end := time.Now().Add(acceptMost); time.Now().Before(end); time.Sleep(time.Millisecond) {
		waiting := uint32(0)
		err = socket.Control(func(fd uintptr) {
			var info *unix.TCPInfo
			if info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); failed == nil {
				waiting = info.Unacked // of a listener: connections that nobody has accepted
			}
		})
		if err = errors.Join(err, failed); err != nil || waiting == 0 {
			return err
		}
	}
	return errors.New("connections are not accepted")
}
