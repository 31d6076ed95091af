package httpd

// intakeRoutes are the addresses of comments of other channels.
func (s *Server) intakeRoutes() []staffRoute {
	return nil
}
