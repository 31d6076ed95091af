package httpd

// searchRoutes are the addresses of the search over all comments.
func (s *Server) searchRoutes() []staffRoute {
	return nil
}
