package fill

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/referral"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// people of an office that does not exist, who have dealt with the comments.
var (
	moderators = members(staff.Moderator, "林晓梅", "赵志强", "孙丽娟", "周文军", "吴桂芳", "郑海燕")
	editor     = members(staff.Editor, "何建国")[0]
)

func members(role staff.Role, names ...string) []staff.Member {
	list := make([]staff.Member, len(names))
	for i, name := range names {
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("wenji fill "+name))
		list[i] = staff.Member{ID: id, Username: fmt.Sprintf("tianchong%d", i+1), Name: name, Role: role}
	}
	return list
}

// shares of what becomes of comments, in thousandths; the rest is published.
const (
	waitingShare  = 20
	withheldShare = 60
	declinedShare = 40
)

// batch stores the comments of a plan from one place to another, and what became of them, in one transaction.
func (f *filling) batch(ctx context.Context, p plan, times []time.Time, from, to int) error {
	list := make([]comment.Past, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, f.past(p, p.first+i, times[i]))
	}
	return f.db.InTx(ctx, func(tx pgx.Tx) error {
		stored, err := f.comments.SubmitPast(ctx, tx, list)
		if err != nil {
			return err
		}
		var decisions []moderation.Backdated
		for i, past := range list {
			s := stored[past.FormID]
			if s.State != comment.Received {
				continue
			}
			if d, ok := f.fate(p.first+from+i, past, s.Number); ok {
				decisions = append(decisions, d)
			}
		}
		if err := f.desk.DecidePast(ctx, tx, decisions); err != nil {
			return err
		}
		return f.answer(ctx, tx, p, decisions)
	})
}

// past is comment i as its form would be confirmed at an instant.
func (f *filling) past(p plan, i int, at time.Time) comment.Past {
	d := comment.Draft{FormID: f.g.id(i, at), ConsultationID: p.source.ID, CheckedAt: at, Submission: f.g.Submission(i)}
	_, d.Flags = comment.Scrub(d.Title, d.Body, nil)
	return comment.Past{Draft: d, ReceivedAt: at}
}

// id is a UUIDv7 of the instant, the same for the same comment.
func (g *Generator) id(i int, at time.Time) uuid.UUID {
	r := g.chance(ofIDs, i)
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|r.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// fate is what a moderator decided about a comment; false for one that waits still.
func (f *filling) fate(i int, past comment.Past, number int) (moderation.Backdated, bool) {
	r := f.g.chance(ofFates, i)
	kind := r.IntN(1000)
	at := past.ReceivedAt.Add(5*time.Minute + time.Duration(r.ExpFloat64()*float64(10*time.Hour))).Truncate(time.Microsecond)
	if kind < waitingShare || at.After(f.instant) {
		return moderation.Backdated{}, false
	}
	d := moderation.Backdated{
		By: moderators[r.IntN(len(moderators))], At: at, ConsultationID: past.ConsultationID, Number: number,
		Title: past.Title, Body: past.Body, Decision: moderation.Decision{CommentID: past.FormID, Version: 1},
	}
	spans, _ := comment.Scrub(past.Title, past.Body, nil)
	switch {
	case len(spans) > 0 && r.IntN(4) == 0:
		d.Action, d.Reason = moderation.Withhold, "privacy"
	case kind < waitingShare+withheldShare:
		d.Action, d.Reason = moderation.Withhold, []string{"unrelated", "advertising"}[r.IntN(2)]
	case kind < waitingShare+withheldShare+declinedShare:
		d.Action, d.Reason = moderation.Decline, "unrelated"
	default:
		d.Action, d.Spans = moderation.Publish, spans
	}
	return d, true
}

// outcomes of answers, with how often each is met, in hundredths.
var outcomes = []struct {
	outcome        referral.Outcome
	share          int
	reason, answer string
}{
	{referral.Adopted, 35, "", "您好！您提出的意见已收悉并采纳，将在修改%s时予以体现。感谢您的关心和支持。"},
	{referral.Partly, 20, "部分内容已有规定", "您好！您的意见已收悉。其中可以操作的部分已经吸收到%s中，其余部分已有文件作出规定。感谢您的参与。"},
	{referral.NotAdopted, 15, "与上位文件的规定不一致", "您好！您的意见已收悉。经研究，所提内容与上位文件的规定不一致，本次未写入%s，请予理解。"},
	{referral.Reference, 25, "留作今后工作的参考", "您好！您的意见已收悉，将作为今后工作的参考。感谢您对%s的关注。"},
	{referral.Outside, 5, "不属于本次征求意见的范围", "您好！您反映的事项不在%s征求意见的范围内，建议向有关部门反映。"},
}

// answer answers what was decided in a consultation that is far enough: everything in one of three that have closed.
func (f *filling) answer(ctx context.Context, tx pgx.Tx, p plan, decisions []moderation.Backdated) error {
	drafted := p.source.ClosesAt.AddDate(0, 0, 7).Add(10 * time.Hour)
	approved := drafted.AddDate(0, 0, 3)
	if p.serial%answerShare != answerShare-1 || approved.After(f.instant) {
		return nil
	}
	ids := make([][]uuid.UUID, len(outcomes))
	for _, d := range decisions {
		k := drawOutcome(f.g.chance(ofAnswers, p.first+d.Number))
		ids[k] = append(ids[k], d.CommentID)
	}
	for k, o := range outcomes {
		if len(ids[k]) == 0 {
			continue
		}
		err := referral.AnswerPast(ctx, tx, referral.PastAnswer{
			Draft: referral.Draft{Outcome: o.outcome, Reason: o.reason, Answer: fmt.Sprintf(o.answer, "《"+p.source.Title+"》")},
			IDs:   ids[k], By: moderators[k%len(moderators)], Approve: editor, DraftedAt: drafted, ApprovedAt: approved,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func drawOutcome(r *rand.Rand) int {
	share := r.IntN(100)
	for k, o := range outcomes {
		if share < o.share {
			return k
		}
		share -= o.share
	}
	return len(outcomes) - 1
}
