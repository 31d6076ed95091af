package httpd

import "wenji/internal/staff"

// DeskRoute is a row of the desk's route table, for tests.
type DeskRoute struct {
	Method, Pattern string
	Need            staff.Permission
}

// DeskRoutes are all rows of the desk's route table.
func (s *Server) DeskRoutes() []DeskRoute {
	var list []DeskRoute
	for _, r := range s.deskRoutes() {
		list = append(list, DeskRoute{r.method, r.pattern, r.need})
	}
	return list
}
