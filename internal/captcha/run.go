package captcha

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// rest is how long Run rests for each moment it draws, so that it never takes more than a tenth of one processor,
	// and less when the machine is busy.
	rest       = 9
	purgeEvery = 10 * time.Minute
	purgeBatch = 10000
	// purgeMargin keeps a used challenge known for as long as a replica with a slow clock could take it for valid.
	purgeMargin = time.Hour
)

// Run draws pictures ahead and purges used challenges until ctx is over.
func (c *Challenges) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { c.refill(ctx) })
	both.Go(func() { c.purgeNowAndThen(ctx) })
	both.Wait()
}

func (c *Challenges) refill(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		p := c.fresh()
		var err error
		if p.png, err = c.draw(p.seed, p.digits); err != nil {
			c.log.Error("pictures are not drawn ahead any more", "error", err)
			return
		}
		pause := time.NewTimer(rest * time.Since(began))
		select {
		case c.pool <- p:
		case <-ctx.Done():
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}

func (c *Challenges) purgeNowAndThen(ctx context.Context) {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := c.Purge(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("used challenges are purged later", "error", err)
		}
	}
}

// Purge deletes the used challenges that no replica takes for valid any more, a batch at a time.
func (c *Challenges) Purge(ctx context.Context) error {
	for {
		tag, err := c.db.Exec(ctx, `
			DELETE FROM captcha_used
			 WHERE token_digest IN (SELECT token_digest
			                          FROM captcha_used
			                         WHERE expires_at < $1
			                         ORDER BY expires_at
			                         LIMIT $2
			                           FOR UPDATE SKIP LOCKED)`, c.db.Now().Add(-purgeMargin), purgeBatch)
		if err != nil {
			return fmt.Errorf("purge used challenges: %w", err)
		}
		if tag.RowsAffected() < purgeBatch {
			return nil
		}
	}
}
