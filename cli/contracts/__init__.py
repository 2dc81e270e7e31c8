"""What others build on is generated into docs/contracts and checked in; drift fails the build."""
