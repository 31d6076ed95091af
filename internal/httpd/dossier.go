package httpd

import (
	"context"
	"net/http"
	"sync"
	"time"

	"wenji/internal/announce"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
)

// keptDossiers holds consultations with their documents between changes: a dossier is wanted for each page rendered,
// each form shown and each one checked, and changes a few times in its life. Good for a minute, dropped with the pages. Whether
// a comment is in time is decided by the database when it is stored, not here.
type keptDossiers struct {
	mu   sync.Mutex
	byID map[string]keptDossier
}

type keptDossier struct {
	dossier    *consultation.Dossier
	minute     int64
	generation int64
}

func (s *Server) keptDossier(ctx context.Context, id string) (*consultation.Dossier, error) {
	generation, minute := s.pages.generation(id), s.Now().Unix()/60
	s.dossiers.mu.Lock()
	kept, ok := s.dossiers.byID[id]
	s.dossiers.mu.Unlock()
	if ok && kept.generation == generation && kept.minute == minute {
		return kept.dossier, nil
	}
	d, err := s.reads(ctx).Consultations.Dossier(ctx, id)
	if err != nil {
		return nil, err
	}
	s.dossiers.mu.Lock()
	defer s.dossiers.mu.Unlock()
	if s.dossiers.byID == nil || len(s.dossiers.byID) > 1000 {
		s.dossiers.byID = make(map[string]keptDossier)
	}
	s.dossiers.byID[id] = keptDossier{d, minute, generation}
	return d, nil
}

// Listen drops kept pages when any replica announces a change. It runs until ctx ends, whatever becomes of its connections.
func (s *Server) Listen(ctx context.Context) {
	s.init()
	s.watcher.Run(ctx)
}

// changedHere drops all pages at once, so that whoever changed something sees it; other replicas hear of it.
func (s *Server) changedHere() {
	s.watcher.Wrote("")
	s.pages.drop()
}

// publishedHere drops the pages that a comment published by rule is on, so that its writer sees it; where they were dropped a
// moment ago this is left to the watcher, or the pages of a consultation that many take part in were never kept.
func (s *Server) publishedHere(consultationID string) {
	s.watcher.Wrote(consultationID)
	if s.pages.settled(consultationID) {
		s.pages.forget(announce.News{Consultations: []string{consultationID}})
	}
}

// ready tells whether this process can serve: the database answers, its schema is current, and changes are heard of. The
// last is asked once: while the database is away later, pages go on as they were.
func (s *Server) ready(r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	current, err := postgres.Current(ctx, s.DB)
	if err != nil {
		return errNotReachable
	}
	switch {
	case !current:
		return errNotMigrated
	case !s.watcher.Heard():
		return errNotListening
	}
	return nil
}
