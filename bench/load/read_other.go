//go:build !linux

package main

// read has every client read until its socket is closed.
func (c *crowd) read() error {
	for _, reader := range c.clients {
		go func() {
			buffer := make([]byte, 8<<10)
			for {
				n, err := reader.conn.Read(buffer)
				if err == nil {
					err = reader.take(buffer[:n])
				}
				if err != nil {
					c.fail(err)
					return
				}
			}
		}()
	}
	return nil
}
