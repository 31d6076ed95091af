package httpd

// makingRoutes are the addresses of consultations made, checked, published, extended, ended and withdrawn.
func (s *Server) makingRoutes() []staffRoute {
	return nil
}
