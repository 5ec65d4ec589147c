output "websocket_url" {
  description = "For subscriptions, and queries and mutations over the socket"
  value       = "wss://${aws_apigatewayv2_api.websocket.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/${aws_apigatewayv2_stage.websocket.name}"
}

output "http_url" {
  description = "For queries and mutations over HTTP"
  value       = "https://${aws_apigatewayv2_api.http.id}.execute-api.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/graphql"
}
