# --- The WebSocket API. ---

resource "aws_apigatewayv2_api" "websocket" {
  name                       = "${var.name}-websocket"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.type" # matches no route, so that all messages go to $default
}

resource "aws_apigatewayv2_stage" "websocket" {
  api_id      = aws_apigatewayv2_api.websocket.id
  name        = "live"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = var.requests_per_second
  }

  # Neither query strings nor headers, which may have tokens.
  dynamic "access_log_settings" {
    for_each = var.websocket_access_logs ? [true] : []

    content {
      destination_arn = aws_cloudwatch_log_group.websocket_access.arn

      format = jsonencode({
        time       = "$context.requestTime"
        request    = "$context.requestId"
        connection = "$context.connectionId"
        ip         = "$context.identity.sourceIp"
        event      = "$context.eventType"
        route      = "$context.routeKey"
        status     = "$context.status"
        error      = "$context.error.message"
      })
    }
  }
}

resource "aws_cloudwatch_log_group" "websocket_access" {
  name              = "/aws/apigateway/${var.name}-websocket"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_integration" "websocket" {
  api_id           = aws_apigatewayv2_api.websocket.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.websocket.invoke_arn
}

resource "aws_apigatewayv2_route" "connect" {
  api_id    = aws_apigatewayv2_api.websocket.id
  route_key = "$connect"
  target    = "integrations/${aws_apigatewayv2_integration.websocket.id}"
}

resource "aws_apigatewayv2_route" "disconnect" {
  api_id    = aws_apigatewayv2_api.websocket.id
  route_key = "$disconnect"
  target    = "integrations/${aws_apigatewayv2_integration.websocket.id}"
}

resource "aws_apigatewayv2_route" "default" {
  api_id    = aws_apigatewayv2_api.websocket.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.websocket.id}"
}

resource "aws_lambda_permission" "websocket" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.websocket.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_stage.websocket.execution_arn}/*"
}

# --- The HTTP API. ---

resource "aws_apigatewayv2_api" "http" {
  name          = "${var.name}-http"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins = [var.allowed_origin]
    allow_methods = ["GET", "POST"]
    allow_headers = ["content-type", "authorization"]
  }
}

resource "aws_apigatewayv2_stage" "http" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = var.requests_per_second
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.http_access.arn

    format = jsonencode({
      time    = "$context.requestTime"
      request = "$context.requestId"
      ip      = "$context.identity.sourceIp"
      method  = "$context.httpMethod"
      path    = "$context.path"
      status  = "$context.status"
      latency = "$context.responseLatency"
      error   = "$context.error.message"
    })
  }
}

resource "aws_cloudwatch_log_group" "http_access" {
  name              = "/aws/apigateway/${var.name}-http"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_integration" "http" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.http.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "graphql" {
  api_id    = aws_apigatewayv2_api.http.id
  route_key = "ANY /graphql"
  target    = "integrations/${aws_apigatewayv2_integration.http.id}"
}

resource "aws_lambda_permission" "http" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.http.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/*/graphql"
}
