package similar

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// From these numbers on a burst is shown. Nothing is refused, held back or dropped for it.
const (
	minuteMany  = 30 // comments on one consultation within one minute
	textMany    = 10 // comments of the very same words
	addressMany = 20 // comments from one address within one day
)

// arrivalsKept is how long arrivals are kept: the flag looks back a day, a person perhaps over a weekend.
const arrivalsKept = 7 * 24 * time.Hour

// arrivalsMost is how many different arrivals wait to be counted; the ones beyond are not.
const arrivalsMost = 10_000

// arrival is what is known of where a comment came from: not the address, but a keyed hash of day and address.
type arrival struct {
	consultationID string
	minute         time.Time
	address        string
}

// arrivals wait in memory for the next round of Run, so that submitting does not wait for them. A process that dies
// loses half a second of counts.
type arrivals struct {
	sync.Mutex
	waiting map[arrival]int
	purged  time.Time
}

// Arrived counts a comment that was sent from an address. It returns at once.
func (s *Store) Arrived(consultationID, address string) {
	now := s.Now()
	day := now.In(consultation.Shanghai).Format(time.DateOnly)
	a := arrival{
		consultationID: consultationID, minute: now.Truncate(time.Minute),
		address: string(s.Keys.Index("arrival", day+"|"+address)[:16]),
	}
	s.arrivals.Lock()
	defer s.arrivals.Unlock()
	if s.arrivals.waiting == nil {
		s.arrivals.waiting = make(map[arrival]int)
	}
	if _, there := s.arrivals.waiting[a]; there || len(s.arrivals.waiting) < arrivalsMost {
		s.arrivals.waiting[a]++
	}
}

// flushArrivals stores what has been counted since the last time, and deletes what is old once an hour.
func (s *Store) flushArrivals(ctx context.Context) error {
	s.arrivals.Lock()
	waiting := s.arrivals.waiting
	s.arrivals.waiting = nil
	purge := s.Now().Sub(s.arrivals.purged) > time.Hour
	if purge {
		s.arrivals.purged = s.Now()
	}
	s.arrivals.Unlock()
	if purge {
		if _, err := s.DB.Exec(ctx, `DELETE FROM arrival WHERE minute < $1`, s.Now().Add(-arrivalsKept)); err != nil {
			return fmt.Errorf("delete old arrivals: %w", err)
		}
		if _, err := s.DB.Exec(ctx, `DELETE FROM comment_repeat WHERE minute < $1`, s.Now().Add(-arrivalsKept)); err != nil {
			return fmt.Errorf("delete old counts of repeated words: %w", err)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	var ids []string
	var minutes []time.Time
	var addresses [][]byte
	var counts []int
	for a, n := range waiting {
		ids, minutes = append(ids, a.consultationID), append(minutes, a.minute)
		addresses, counts = append(addresses, []byte(a.address)), append(counts, n)
	}
	_, err := s.DB.Exec(ctx, `
		INSERT INTO arrival AS a (consultation_id, minute, address_index, count)
		SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bytea[], $4::int[])
		ON CONFLICT (consultation_id, minute, address_index) DO UPDATE SET count = a.count + excluded.count`,
		ids, minutes, addresses, counts)
	if err != nil {
		return fmt.Errorf("count %d arrivals: %w", len(waiting), err)
	}
	return nil
}

// Kinds of bursts.
const (
	BurstMinute  = "minute"  // many in one minute
	BurstText    = "text"    // many of the same words
	BurstAddress = "address" // many from one address
)

// Burst is something that looks as if it was organised or made by a machine; a person judges it.
type Burst struct {
	Kind           string
	ConsultationID string
	At             time.Time // the minute of the last of it
	Count          int
	GroupID        uuid.UUID // of BurstText; zero where the comments are in no group
	Source         string    // of BurstAddress: a name for the source that tells no address and holds for one day
}

// burstsMost is how many bursts of one kind are shown.
const burstsMost = 20

// Bursts lists the bursts since a moment, the largest first.
func (s *Store) Bursts(ctx context.Context, by staff.Member, since time.Time) ([]Burst, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	found, err := s.DB.Query(ctx, `
		(SELECT 'minute' AS kind, consultation_id, minute AS at, sum(count)::int AS count, NULL::uuid AS group_id, ''::bytea AS source
		   FROM arrival
		  WHERE minute >= $1
		  GROUP BY consultation_id, minute
		 HAVING sum(count) >= $2
		  ORDER BY count DESC LIMIT $5)
		UNION ALL
		(SELECT 'address', consultation_id, max(minute), sum(count)::int, NULL, address_index
		   FROM arrival
		  WHERE minute >= $1
		  GROUP BY consultation_id, address_index
		 HAVING sum(count) >= $3
		  ORDER BY 4 DESC LIMIT $5)
		UNION ALL
		(SELECT 'text', t.consultation_id, t.at, t.count,
		        (SELECT m.group_id
		           FROM (SELECT comment_id
		                   FROM comment_sketch s
		                  WHERE s.consultation_id = t.consultation_id AND s.digest = t.digest
		                  ORDER BY comment_id DESC
		                  LIMIT 100) AS s
		           JOIN comment_group_member m ON m.comment_id = s.comment_id AND NOT m.taken_out
		          LIMIT 1), ''
		   FROM (SELECT consultation_id, digest, max(minute) AS at, sum(count)::int AS count
		           FROM comment_repeat
		          WHERE minute >= $1
		          GROUP BY consultation_id, digest
		         HAVING sum(count) >= $4
		          ORDER BY 4 DESC LIMIT $5) AS t)`, since, minuteMany, addressMany, textMany, burstsMost)
	if err != nil {
		return nil, fmt.Errorf("list bursts: %w", err)
	}
	list, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (Burst, error) {
		var b Burst
		var groupID *uuid.UUID
		var source []byte
		err := row.Scan(&b.Kind, &b.ConsultationID, &b.At, &b.Count, &groupID, &source)
		if groupID != nil {
			b.GroupID = *groupID
		}
		if len(source) >= 3 {
			b.Source = hex.EncodeToString(source[:3])
		}
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("list bursts: %w", err)
	}
	slices.SortStableFunc(list, func(a, b Burst) int { return b.Count - a.Count })
	return list, nil
}
