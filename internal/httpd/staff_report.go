package httpd

// reportRoutes are the addresses of the result report.
func (s *Server) reportRoutes() []staffRoute {
	return nil
}
