package httpd

// referralRoutes are the addresses of hand-overs, dispositions and answers.
func (s *Server) referralRoutes() []staffRoute {
	return nil
}
