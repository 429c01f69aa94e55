package alertrules

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on every machine, also without a system's own

	"tocsin/diag"
)

// Time zones by name.

// LoadZone returns a time zone by its name in the IANA data base. Paths and
// "Local" are no names.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || strings.ContainsAny(name, `\.`) || strings.HasPrefix(name, "/") || len(name) > 64 {
		return nil, errors.New(quote(name) + " is no time zone")
	}
	return time.LoadLocation(name)
}

// suggestZone is the hint for a zone that does not exist.
func suggestZone(name string) string {
	if s := diag.Suggest(name, commonZones); s != "" {
		return "did you mean " + quote(s) + "?"
	}
	return "write a name such as Asia/Tokyo, Europe/Berlin, America/New_York or UTC"
}

// commonZones are the zones that suggestions are made from: one for each
// offset and region where many people live.
var commonZones = strings.Fields(`UTC Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires America/Bogota
America/Chicago America/Denver America/Halifax America/Lima America/Los_Angeles America/Mexico_City America/New_York America/Phoenix
America/Santiago America/Sao_Paulo America/Toronto America/Vancouver Asia/Bangkok Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong
Asia/Istanbul Asia/Jakarta Asia/Jerusalem Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Riyadh Asia/Seoul
Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tashkent Asia/Tehran Asia/Tokyo Atlantic/Reykjavik Australia/Adelaide Australia/Brisbane
Australia/Melbourne Australia/Perth Australia/Sydney Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Brussels Europe/Budapest
Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv Europe/Lisbon Europe/London Europe/Madrid Europe/Moscow
Europe/Oslo Europe/Paris Europe/Prague Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich Pacific/Auckland
Pacific/Honolulu`)
