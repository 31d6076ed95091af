package httpd

// groupRoutes are the addresses of near-identical comments decided together.
func (s *Server) groupRoutes() []staffRoute {
	return nil
}
