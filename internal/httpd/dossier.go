package httpd

import (
	"context"
	"net/http"
	"sync"
	"time"

	"wenji/internal/consultation"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
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
	generation, minute := s.pages.generation.Load(), s.Now().Unix()/60
	s.dossiers.mu.Lock()
	kept, ok := s.dossiers.byID[id]
	s.dossiers.mu.Unlock()
	if ok && kept.generation == generation && kept.minute == minute {
		return kept.dossier, nil
	}
	d, err := s.Consultations.Dossier(ctx, id)
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

// Listen drops kept pages when any replica announces a change. It runs until ctx ends; when its connection is lost it
// connects again, and drops everything then, since announcements may have been missed.
func (s *Server) Listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		s.Log.Warn("listening for changes was interrupted; trying again", "error", safeError(err))
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Server) listenOnce(ctx context.Context) error {
	config := s.DB.Config().ConnConfig.Copy()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN wenji_changed"); err != nil {
		return err
	}
	s.pages.drop()
	s.listening.Store(true)
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		s.pages.drop()
	}
}

// ready tells whether this process can serve: the database answers, its schema is current, and changes are heard of. The
// last is asked once: who loses the connection later drops the pages by the minute until it is back.
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
	case !s.listening.Load():
		return errNotListening
	}
	return nil
}
