package captcha

// Counts of one process since its start.
type Counts struct {
	Issued  int64
	Answers map[Result]int64 // the zero Result counts answers that a failing database left unjudged
	Pool    int              // pictures drawn ahead and not yet given out
}

// Counts returns the counts.
func (c *Challenges) Counts() Counts {
	counts := Counts{Issued: c.issued.Load(), Answers: make(map[Result]int64, len(c.answers)), Pool: len(c.pool)}
	for result := range c.answers {
		counts.Answers[Result(result)] = c.answers[result].Load()
	}
	return counts
}
