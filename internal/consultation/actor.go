package consultation

// Actor is who acts, and what they may do. The package stands beside staff and cannot ask a member itself, so the desk
// hands over what the member's role grants; the zero Actor may do nothing.
type Actor struct {
	Signature      string // how the record names them: display name and username
	Role           string
	Edit           bool // staff.EditConsultation: make, import, publish, extend, end, withdraw, correct
	SetPublication bool // staff.SetPublication: 审核后公开 or 即时展示
}

// Operator is whoever runs the program; name is what the record says of them.
func Operator(name string) Actor {
	return Actor{Signature: name, Role: roleOperator, Edit: true, SetPublication: true}
}
