// Package fill makes consultations and comments that look like real ones and belong to nobody: texts in the words of the
// sample consultation, people with valid numbers that were never given out, and all of it skewed as life is. It also puts
// them into a database, through the owners of its tables.
package fill

import (
	"fmt"
	"math/rand/v2"

	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/sample"
	"wenji/internal/vault"
)

// Generator makes comments one after another. The same seed gives the same comments, each by its place alone, so that
// any number of goroutines may share one and none has to begin at the beginning.
type Generator struct {
	seed      uint64
	source    consultation.Source
	clauses   []topic
	order     []int // places in clauses, the most spoken of first
	favourite zipf  // over order
	campaign  zipf
	campaigns []Text
	surname   zipf
	place     zipf
	home      zipf
}

// topic is a clause of the sample's draft, cut into what a comment may quote of it.
type topic struct {
	number  int
	title   string
	units   []string
	phrases []string // clauses of a sentence, 6 to 40 characters
	terms   []string // members of its lists, 2 to 8 characters
}

// Each of these draws from a source of chance of its own, so that a change to one leaves the others as they were.
const (
	ofTexts = iota + 1
	ofPeople
	ofCampaigns
	ofClauses
	ofTimes
	ofFates
	ofConsultations
	ofIDs
	ofAnswers
)

// New returns the generator of a seed.
func New(seed uint64) (*Generator, error) {
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		return nil, fmt.Errorf("read the sample: %w", err)
	}
	g := &Generator{seed: seed, source: source, surname: newZipf(len(surnames), 0.95), place: newZipf(len(places), 0.7),
		home: newZipf(homes, 0.8), campaign: newZipf(campaigns, 1)}
	for _, n := range source.Draft {
		if n.Kind == clause.Clause {
			g.clauses = append(g.clauses, newTopic(n))
		}
	}
	g.order = g.chance(ofClauses, 0).Perm(len(g.clauses))
	g.favourite = newZipf(len(g.order), 0.9)
	for k := range campaigns {
		g.campaigns = append(g.campaigns, g.compose(g.chance(ofCampaigns, k), 120+k*4))
	}
	return g, nil
}

// chance is the source of chance of one thing.
func (g *Generator) chance(of, i int) *rand.Rand {
	return rand.New(rand.NewPCG(g.seed, uint64(of)<<56|uint64(i)))
}

// Submission is comment i as its form would hand it on: words of the sample, an author, clauses of the draft.
func (g *Generator) Submission(i int) comment.Submission {
	t, p := g.Text(i), g.Person(g.author(i))
	return comment.Submission{
		Title: t.Title, Body: t.Body, Clauses: t.Clauses, Occupation: p.Occupation,
		Name: vault.NewSecret(p.Name), IDNumber: vault.NewSecret(p.IDNumber), Phone: vault.NewSecret(p.Phone),
		Email: vault.NewSecret(p.Email), Org: vault.NewSecret(p.Org),
	}
}

// author is the place of the person who writes comment i: for most a new one, for one in thirty somebody who wrote before.
func (g *Generator) author(i int) int {
	r := g.chance(ofPeople, i)
	if back := 1 + r.IntN(200); r.IntN(30) == 0 && i >= back {
		return i - back
	}
	return i
}
