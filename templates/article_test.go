// The template of the published article, as it stands.

package templates

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// article is the template of the published article, verbatim.
const article = `Alert Name: {{ alert.alert_name }} <br> Content: {{ alert.annotations.desc }} <br> Check_item_names: <ul> {% for raw_result in alert.results[0].raw_results %} <li>【{{ raw_result.instance_type }}】{{ raw_result.check_item_name }} - {{ raw_result.cnt }} resources</li> {% endfor %} </ul><br> Current Alert Time: {{ alert.alert_time | format_date }} <br>`

func articleData(rows int) Data {
	var raw []map[string]any
	for i := range rows {
		kind, item := "ECS", "Ensure no security groups allow ingress from 0.0.0.0/0 to port 22"
		switch i % 3 {
		case 1:
			kind, item = "RAM", "AdministratorAccess Policy Attachment"
		case 2:
			kind, item = "OSS", "バケットの公開設定"
		}
		raw = append(raw, map[string]any{"instance_type": kind, "check_item_name": item, "cnt": int64(2 + i)})
	}
	s := SLS{
		AlertID: "cspm", AlertName: "CSPM 確認", At: time.Unix(1763802000, 0), Status: "firing", Severity: "high",
		Annotations: map[string]any{"desc": "修正が必要な設定があります"}, Results: []Result{{Rows: raw, Count: rows}}, FireRows: raw, FireCount: rows,
	}
	return NewData(s, Mail{Kind: "first", ID: "A-7F3K", RuleName: "CSPM 確認"})
}

func TestArticle(t *testing.T) {
	s, err := Load(fstest.MapFS{"article.html": {Data: []byte("---\nsubject: \"{{ alert.alert_name }}: 要対応\"\n---\n" + article)}})
	if err != nil {
		t.Fatal(err)
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Render("article", articleData(3), Options{Zone: tokyo})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "CSPM 確認: 要対応" {
		t.Errorf("subject %q", m.Subject)
	}
	for name, part := range map[string]string{"text": m.Text, "html": m.HTML} {
		flat := strings.Join(strings.Fields(part), " ")
		for _, want := range []string{
			"Alert Name: CSPM 確認", "Content: 修正が必要な設定があります",
			"【ECS】Ensure no security groups allow ingress from 0.0.0.0/0 to port 22 - 2 resources",
			"【RAM】AdministratorAccess Policy Attachment - 3 resources", "【OSS】バケットの公開設定 - 4 resources",
			"Current Alert Time: 2025-11-22 18:00:00",
		} {
			if !strings.Contains(flat, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, part)
			}
		}
	}
	t.Log(m.Text)
}

func BenchmarkCompileArticle(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile(unit{name: "a", text: article, out: outHTML}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderArticle(b *testing.B) {
	d := articleData(100)
	for name, out := range map[string]output{"html": outHTML, "text": outText} {
		p, err := compile(unit{name: "a", text: article, out: out})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.render(d, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	s, err := Load(fstest.MapFS{"article.html": {Data: []byte(article)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("message", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Render("article", d, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
