package tracer

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"

	"github.com/spanstorm/spanstorm/internal/tracer/odd"
)

// connections are those to the agent that are open.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is one of them.
type connection struct {
	net.Conn
	of *connections
}

// keep returns a dial whose connections are known.
func (s *connections) keep(dial odd.Dial) odd.Dial {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		c := &connection{conn, s}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open == nil {
			s.open = map[*connection]struct{}{}
		}
		s.open[c] = struct{}{}
		return c, nil
	}
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// SyscallConn implements syscall.Conn.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := c.Conn.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// Cut ends all connections to the agent, with whatever is on its way through
// them, as a fault of the network would, and returns how many there were.
func (c *Client) Cut() int {
	c.connections.mu.Lock()
	defer c.connections.mu.Unlock()
	for conn := range c.connections.open {
		// Not closed: that is for whoever uses it, once it is noticed.
		if both, ok := conn.Conn.(interface {
			CloseRead() error
			CloseWrite() error
		}); ok {
			_, _ = both.CloseRead(), both.CloseWrite()
		}
	}
	return len(c.connections.open)
}
