package comment

// moves is the whole of what may become of a comment. A decision is mended by undoing it and deciding again, so that
// each step has its own entry in the record.
var moves = map[State][]State{
	Received:  {Published, Withheld, Declined},
	Published: {Received},
	Withheld:  {Received},
	Declined:  {Received},
}

// CanBecome tells whether a comment in this state may move to the other in one step.
func (s State) CanBecome(to State) bool {
	for _, next := range moves[s] {
		if next == to {
			return true
		}
	}
	return false
}

// Decided tells whether a person or a rule has dealt with a comment in this state.
func (s State) Decided() bool { return s == Published || s == Withheld || s == Declined }
