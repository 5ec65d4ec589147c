resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      {
        type   = "metric"
        x      = 0
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Age of the oldest event, ms"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Maximum"
          period = 60
          metrics = [
            ["AWS/Lambda", "IteratorAge", "FunctionName", aws_lambda_function.stream.function_name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Events polled, given up"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/Lambda", "PolledEventCount", "EventSourceMappingUUID", aws_lambda_event_source_mapping.published.uuid],
            ["AWS/Lambda", "DroppedEventCount", "EventSourceMappingUUID", aws_lambda_event_source_mapping.published.uuid],
            ["AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "EventSourceMappingUUID", aws_lambda_event_source_mapping.published.uuid],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 0
        width  = 8
        height = 6
        properties = {
          title  = "Duration of the stream function, ms"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Maximum"
          period = 60
          metrics = [
            ["AWS/Lambda", "Duration", "FunctionName", aws_lambda_function.stream.function_name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "Handshakes and messages"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/ApiGateway", "ConnectCount", "ApiId", aws_apigatewayv2_api.websocket.id, "Stage", aws_apigatewayv2_stage.websocket.name],
            ["AWS/ApiGateway", "MessageCount", "ApiId", aws_apigatewayv2_api.websocket.id, "Stage", aws_apigatewayv2_stage.websocket.name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "WebSocket API: refused, failed"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/ApiGateway", "ClientError", "ApiId", aws_apigatewayv2_api.websocket.id, "Stage", aws_apigatewayv2_stage.websocket.name],
            ["AWS/ApiGateway", "IntegrationError", "ApiId", aws_apigatewayv2_api.websocket.id, "Stage", aws_apigatewayv2_stage.websocket.name],
            ["AWS/ApiGateway", "ExecutionError", "ApiId", aws_apigatewayv2_api.websocket.id, "Stage", aws_apigatewayv2_stage.websocket.name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 6
        width  = 8
        height = 6
        properties = {
          title  = "HTTP API: requests, refused, failed"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["AWS/ApiGateway", "Count", "ApiId", aws_apigatewayv2_api.http.id, "Stage", aws_apigatewayv2_stage.http.name],
            ["AWS/ApiGateway", "4xx", "ApiId", aws_apigatewayv2_api.http.id, "Stage", aws_apigatewayv2_stage.http.name],
            ["AWS/ApiGateway", "5xx", "ApiId", aws_apigatewayv2_api.http.id, "Stage", aws_apigatewayv2_stage.http.name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Errors and throttles of functions"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = concat(
            [for name in local.functions : ["AWS/Lambda", "Errors", "FunctionName", name]],
            [for name in local.functions : ["AWS/Lambda", "Throttles", "FunctionName", name]],
          )
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 12
        width  = 8
        height = 6
        properties = {
          title   = "Concurrent invocations"
          region  = data.aws_region.current.id
          view    = "timeSeries"
          stat    = "Maximum"
          period  = 60
          metrics = [for name in local.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", name]]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Throttled requests of tables"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = concat(
            [for name in local.tables : ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", name]],
            [for name in local.tables : ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", name]],
          )
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "From publishing to the last subscriber, 99th percentile, ms"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "p99"
          period = 60
          metrics = [
            ["FanQL", "DeliveryLag", "Stack", var.name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "Events published, frames pushed, executions"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["FanQL", "EventsPublished", "Stack", var.name],
            ["FanQL", "FramesPushed", "Stack", var.name],
            ["FanQL", "Executions", "Stack", var.name],
          ]
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 18
        width  = 8
        height = 6
        properties = {
          title  = "Lost, throttled, failed"
          region = data.aws_region.current.id
          view   = "timeSeries"
          stat   = "Sum"
          period = 60
          metrics = [
            ["FanQL", "SubscribersLost", "Stack", var.name],
            ["FanQL", "PushesThrottled", "Stack", var.name],
            ["FanQL", "PublishErrors", "Stack", var.name],
            ["FanQL", "MessageErrors", "Stack", var.name],
            ["FanQL", "DeliveryErrors", "Stack", var.name],
          ]
        }
      },
    ]
  })
}
