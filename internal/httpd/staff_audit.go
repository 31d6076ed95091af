package httpd

// auditRoutes are the addresses of the record.
func (s *Server) auditRoutes() []staffRoute {
	return nil
}
