package httpd

// peopleRoutes are the addresses of people, roles, units, sessions and settings.
func (s *Server) peopleRoutes() []staffRoute {
	return nil
}
