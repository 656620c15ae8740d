"""Becoming a member. Signing in and out are Django's own views with our templates."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from avatars.forms import SignUpForm
from avatars.members import profile_of


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account and a profile, and sign in."""
    if request.user.is_authenticated:
        return redirect("avatars:profile")
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        profile_of(user)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(request, "Welcome! Add a picture and a few words about yourself.")
        return redirect("avatars:profile")
    return render(request, "avatars/sign_up.html", {"form": form}, status=422 if form.errors else 200)
