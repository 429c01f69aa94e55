package securityhub

import (
	"bytes"
	"context"
	"fmt"
	"io"

	awshub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// keepBody keeps the body of the answer beside what the SDK makes of it.
func keepBody(into *[]byte) func(*awshub.Options) {
	keep := middleware.DeserializeMiddlewareFunc("KeepBody", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleDeserialize(ctx, in)
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || response.StatusCode >= 300 {
			return out, meta, err
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
		if err != nil {
			return out, meta, fmt.Errorf("its answer broke off: %w", err)
		}
		if len(body) > maxPage {
			return out, meta, fmt.Errorf("its answer has more than %d bytes", maxPage)
		}
		if err := response.Body.Close(); err != nil {
			return out, meta, err
		}
		*into, response.Body = body, io.NopCloser(bytes.NewReader(body))
		return out, meta, nil
	})
	return func(o *awshub.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(keep, middleware.After)
		})
	}
}
