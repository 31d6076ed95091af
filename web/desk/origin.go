package desk

// condition is one condition on whom comments came from, how, when, and where they went, as lists behind charts and numbers
// set it.
type condition struct{ name, value, word string }

// origin lists these conditions of a query.
func (q QueueQuery) origin() []condition {
	var list []condition
	add := func(name, value, word string) {
		if value != "" {
			list = append(list, condition{name, value, word})
		}
	}
	add("occupation", q.Occupation, "职业："+q.Occupation)
	add("day", q.Day, "收到日期："+q.Day)
	add("until", q.Until, "收到日期不晚于"+q.Until)
	if q.Unreferred {
		add("unreferred", "1", "待转办")
	}
	return list
}

// without is the address of the query without these conditions.
func (q QueueQuery) withoutOrigin() string {
	q.Occupation, q.Day, q.Until, q.Unreferred, q.After = "", "", "", false, ""
	return q.Address()
}
