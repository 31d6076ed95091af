package captcha

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"slices"
	"sync"

	"github.com/dchest/captcha"
)

// Width and Height of the picture, in pixels.
const (
	Width  = 240
	Height = 80
)

// picture is a challenge's secret part with its drawing.
type picture struct {
	seed   seed
	digits [Length]byte
	png    []byte // nil until drawn
}

// values are the digits as numbers, as the drawing library wants them.
func values(digits [Length]byte) []byte {
	b := digits[:]
	for i := range b {
		b[i] -= '0'
	}
	return b
}

// Image returns the picture of a challenge, a PNG of 240 × 80 pixels: dark on white, whatever the page's theme. A
// picture drawn by another replica shows the same digits in another drawing. apperr.ErrNotFound: the token is not
// ours or has no challenge; apperr.ErrExpired: the challenge is over.
func (c *Challenges) Image(token string) ([]byte, error) {
	t, err := c.openChallenge(token)
	if err != nil {
		return nil, err
	}
	if drawn, ok := c.pictures.get(t.seed); ok {
		return drawn, nil
	}
	drawn, err := c.draw(t.seed, t.digits)
	if err != nil {
		return nil, err
	}
	c.pictures.put(t.seed, drawn)
	return drawn, nil
}

// Audio returns the digits spoken in Chinese, a WAV of about 150 KB. One is made at a time and the last 64 are kept.
// Errors as with Image.
func (c *Challenges) Audio(token string) ([]byte, error) {
	t, err := c.openChallenge(token)
	if err != nil {
		return nil, err
	}
	if spoken, ok := c.sounds.get(t.seed); ok {
		return spoken, nil
	}
	c.speaking.Lock()
	defer c.speaking.Unlock()
	if spoken, ok := c.sounds.get(t.seed); ok { // made while we waited
		return spoken, nil
	}
	audio := captcha.NewAudio(string(t.seed[:]), values(t.digits), "zh")
	b := bytes.NewBuffer(make([]byte, 0, audio.EncodedLen()+1))
	if _, err := audio.WriteTo(b); err != nil {
		return nil, fmt.Errorf("speak a challenge: %w", err)
	}
	c.sounds.put(t.seed, b.Bytes())
	return b.Bytes(), nil
}

// twoColours: white paper, dark ink.
var twoColours = color.Palette{color.White, color.RGBA{0x1a, 0x1a, 0x1a, 0xff}}

// draw draws digits. The library gives the noise other palette entries than digits and line, so that a program could
// leave the noise out without reading anything: here everything is one ink.
func (c *Challenges) draw(s seed, digits [Length]byte) ([]byte, error) {
	img := captcha.NewImage(string(s[:]), values(digits), Width, Height)
	for i, p := range img.Pix {
		if p > 1 {
			img.Pix[i] = 1
		}
	}
	img.Palette = twoColours
	pen := c.pens.take()
	defer c.pens.giveBack(pen)
	encoder := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: pen}
	if err := encoder.Encode(&pen.out, img.Paletted); err != nil {
		return nil, fmt.Errorf("draw a challenge: %w", err)
	}
	return slices.Clone(pen.out.Bytes()), nil
}

// pens are encoders' buffers to use again: fresh ones would be most of the garbage of a picture.
type pens struct{ free sync.Pool }

type pen struct {
	out    bytes.Buffer
	buffer *png.EncoderBuffer
}

func (p *pens) take() *pen {
	if one, ok := p.free.Get().(*pen); ok {
		one.out.Reset()
		return one
	}
	return new(pen)
}

func (p *pens) giveBack(one *pen) { p.free.Put(one) }

// Get and Put make a pen the encoder's buffer pool.

func (p *pen) Get() *png.EncoderBuffer  { return p.buffer }
func (p *pen) Put(b *png.EncoderBuffer) { p.buffer = b }
