package httpd

// retentionRoutes are the addresses of terms, legal hold, erasure, and requests of commenters.
func (s *Server) retentionRoutes() []staffRoute {
	return nil
}
