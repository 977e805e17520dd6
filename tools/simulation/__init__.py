"""What autoscaling does to requests: replicas behind a load balancer, minute by minute metrics, and whoever looks at them."""
